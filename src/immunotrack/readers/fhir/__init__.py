"""FHIR resources, of DSTU2 to R5, as grids: results, events and persons."""
