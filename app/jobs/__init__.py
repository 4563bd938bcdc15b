"""Which runs wait, which run, which ended and how? (Job stage: queue, lease, worker, output.)"""
