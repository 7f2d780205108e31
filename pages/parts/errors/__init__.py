"""What the page Errors is made of.

* ``scored``            a data set through a model: figures, table, the chosen document
* ``filtering``         the matrix and its cells
* ``dataset_evidence``  the evidence over the whole data set
* ``cached``            what is kept of both for everybody
"""
