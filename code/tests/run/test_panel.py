from miniscope_to_nwb_zarr.run.option_table import OPTIONS
from miniscope_to_nwb_zarr.run.options import parse_options
from miniscope_to_nwb_zarr.run.panel import build_panel


def test_every_option_that_belongs_on_a_form_is_there():
    names = [parameter["param_name"] for parameter in build_panel()["parameters"]]
    assert names == [option.name for option in OPTIONS if option.is_on_panel]


def test_identifiers_are_unique_and_of_the_form_that_code_ocean_uses():
    panel = build_panel()
    categories = {category["id"] for category in panel["categories"]}
    identifiers = [parameter["id"] for parameter in panel["parameters"]] + sorted(categories)
    assert len(set(identifiers)) == len(identifiers)
    assert all(len(identifier) == 16 and identifier.isalnum() for identifier in identifiers)
    assert {parameter["category"] for parameter in panel["parameters"]} == categories


def test_what_the_form_sends_is_accepted():
    for parameter in build_panel()["parameters"]:
        default = parameter.get("default_value", "")
        assert isinstance(default, str)
        assert parse_options([f"--{parameter['param_name']}={default}"], {}) == parse_options([], {})
        if parameter["value_type"] == "boolean":
            assert (parameter["type"], parameter["extra_data"]) == ("list", [])
        elif parameter["type"] == "list":
            assert not default or default in parameter["extra_data"]
