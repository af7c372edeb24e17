"""EchoPilot beside the product it replaces, on one machine, in one run. Not part of CI: the peer alone takes 3 GB of disk."""
