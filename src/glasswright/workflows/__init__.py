"""The public calls: plan, run, analyse, report."""
