"""A folder of AIND's records as a lab keeps them: an animal, its procedures, and a setup with its settings."""

import json
from datetime import date

from aind_data_schema.components.configs import ProbeConfig
from aind_data_schema.components.coordinates import CoordinateSystemLibrary
from aind_data_schema.components.devices import Device
from aind_data_schema.components.subject_procedures import Surgery
from aind_data_schema.components.subjects import BreedingInfo, MouseSubject
from aind_data_schema.components.surgery_procedures import GenericSurgeryProcedure
from aind_data_schema.core.instrument import Instrument
from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.subject import Subject
from aind_data_schema_models.brain_atlas import CCFv3
from aind_data_schema_models.modalities import Modality
from aind_data_schema_models.organizations import Organization
from aind_data_schema_models.species import Species, Strain

LAB = """dataset:
  investigators:
    - name: Jane Doe
  license: CC-BY-4.0
"""


def write_records(folder, animal, *, instrument="NP.0", probes=("probeA", "probeB")):
    """Write the records of an animal, and a rig table with one setup for all sessions; give the folder."""
    for kind in ("subject", "procedures"):
        (folder / kind).mkdir(parents=True)
    subject = Subject(
        subject_id=animal,
        subject_details=MouseSubject(
            sex="Male",
            date_of_birth=date(2018, 9, 1),
            strain=Strain.C57BL_6J,
            species=Species.HOUSE_MOUSE,
            genotype="Sst-IRES-Cre/wt",
            source=Organization.AI,
            breeding_info=BreedingInfo(
                breeding_group="Sst",
                maternal_id="1",
                maternal_genotype="wt/wt",
                paternal_id="2",
                paternal_genotype="wt",
            ),
        ),
    )
    (folder / "subject" / f"{animal}.json").write_text(subject.model_dump_json(exclude_none=True))
    surgeries = [
        Surgery(start_date=day, procedures=[GenericSurgeryProcedure(description=what)])
        for day, what in ((date(2018, 10, 1), "Craniotomy"), (date(2019, 2, 1), "Perfusion"))
    ]
    procedures = Procedures(subject_id=animal, subject_procedures=surgeries)
    (folder / "procedures" / f"{animal}.json").write_text(procedures.model_dump_json(exclude_none=True))
    setup = Instrument(
        instrument_id=instrument,
        modification_date=date(2018, 6, 1),
        modalities=[Modality.ECEPHYS, Modality.BEHAVIOR],
        global_coordinate_system=CoordinateSystemLibrary.BREGMA_ARI,
        components=[Device(name=name, manufacturer=Organization.IMEC) for name in probes],
    )
    (folder / "np0.json").write_text(setup.model_dump_json(exclude_none=True))
    settings = [
        ProbeConfig(
            device_name=name,
            primary_targeted_structure=CCFv3.VISP,
            local_coordinate_system=CoordinateSystemLibrary.MPM_MANIP_RFB,
            transform=[],
        )
        for name in probes
    ]
    stream = {
        "active_devices": list(probes),
        "configurations": [json.loads(one.model_dump_json(exclude_none=True)) for one in settings],
    }
    (folder / "np0_stream.json").write_text(json.dumps(stream))
    (folder / "rigs.csv").write_text(
        "rig,first_day,last_day,instrument,data_stream\n,2018-06-01,,np0.json,np0_stream.json\n"
    )
    return folder
