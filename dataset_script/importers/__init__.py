"""Other people's pain data as a Pain3D dataset directory: `importing.import_dataset`, or `pain3d import SOURCE OUT`.

A source module knows one layout on the disk (`unbc`, `unbc_hdf5`, `release`, `table`) and gives `SourceFrame`s; what
is wrong with a file goes into the `ImportReport` and the frame is left out. The rest is the same for all: pictures are
checked, splits are made by subject, and the rows are written as Parquet.
"""
