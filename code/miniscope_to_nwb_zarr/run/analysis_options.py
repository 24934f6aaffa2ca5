"""The options of an analysis, for `option_table`."""

from __future__ import annotations

from miniscope_to_nwb_zarr.run.option import Category, Kind, Option

ANALYSIS_OPTIONS = (
    Option(
        "process",
        Kind.BOOLEAN,
        "False",
        "True: analyse each recording when it is converted, as --dataset analysis does",
        Category.ANALYSIS,
    ),
    Option(
        "analysis_parameters",
        Kind.PATH,
        "",
        "YAML or JSON file with parameters of the analysis; what it leaves open is estimated from the movie",
        Category.ANALYSIS,
    ),
    Option(
        "project_path",
        Kind.PATH,
        "",
        "folder with experiments.csv and analysis_parameters.csv as ACE-NeuroTools has them; with --line_num",
        Category.ANALYSIS,
    ),
    Option(
        "line_num",
        Kind.TEXT,
        "",
        "experiment in the tables of --project_path, by its text in their column `line number`; its recordings lie "
        "below --data_dir",
        Category.ANALYSIS,
    ),
    Option(
        "analysis_engine",
        Kind.CHOICE,
        "native",
        "program that finds motion and cells: the one that is part of this program, MiniAn, or CaImAn",
        Category.ANALYSIS,
        choices=("native", "minian", "caiman"),
    ),
    Option(
        "corrected_movie",
        Kind.CHOICE,
        "store",
        "movie after motion correction: stored in the NWB file (store), or only how far each frame was moved (none)",
        Category.ANALYSIS,
        choices=("store", "none"),
    ),
    Option(
        "apply_curation",
        Kind.PATH,
        "",
        "curation.json from the page qc/curation.html of an output: which units are cells, decided by hand",
        Category.ANALYSIS,
    ),
)
