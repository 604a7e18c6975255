"""Sales and visits joined: two clocks, who bought, and how sure that is. Arithmetic on two lists, without the shop."""
