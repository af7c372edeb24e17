"""How numbers and days are written in languages Django has no rules for; named in ``FORMAT_MODULE_PATH``."""
