"""Sets of several laboratories as sites, and the tables of what travels from one to another."""
