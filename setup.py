"""Maps the four rooms of the repository under one import name; every sub-package is found, none is listed."""

from setuptools import find_packages, setup

ROOMS = ("theory", "testbeds", "experiments", "figures")

setup(
    packages=["ratecheck"]
    + [f"ratecheck.{room}" for room in ROOMS]
    + [f"ratecheck.{room}.{sub}" for room in ROOMS for sub in find_packages(room)],
    package_dir={"ratecheck": "ratecheck", **{f"ratecheck.{room}": room for room in ROOMS}},
)
