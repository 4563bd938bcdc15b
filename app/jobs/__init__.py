"""Which runs wait, which run, which ended and how: queue, lease, worker and the output of each job."""
