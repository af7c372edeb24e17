"""What the inspector shows beside steps: the inputs, what starts the workflow, its settings, what a run would cost."""
