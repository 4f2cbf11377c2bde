"""stub"""


def write(folder, results):
    folder.mkdir(exist_ok=True)
    (folder / "index.rst").write_text("Reference\n=========\n")
