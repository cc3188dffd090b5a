"""Files and tables that are flagged by Spark, on one machine or many: the rules of small files."""
