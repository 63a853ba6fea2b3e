"""Views: pure folds over facts and linker changes, one file each."""
