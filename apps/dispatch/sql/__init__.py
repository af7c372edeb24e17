"""Every statement of the queue. Each change of hands is ONE conditional statement that names the fence or the state.

All times come from ``clock_timestamp()``: ``now()`` stands still inside a transaction. Where an index must be used with the clock,
it is read once in a scalar subquery. Tables are qualified, so the tenant's search path does not matter.
"""
