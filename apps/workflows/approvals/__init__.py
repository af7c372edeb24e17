"""People's decisions about risky acts: what waits, who may say yes, to exactly which bytes, until when."""
