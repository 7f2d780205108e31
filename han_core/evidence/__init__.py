"""How far attention explains a decision: evidence from asking the model again."""
