"""Reports to hand over: one file of HTML, a PDF, and the data that both are made from."""
