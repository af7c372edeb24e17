"""Events of the workspace, told to outside systems by Standard Webhooks and to other parts of the product that listen."""
