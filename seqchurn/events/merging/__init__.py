"""Mapped records of all sources -> the events table, a bucket at a time.

`routing` sends records to the bucket of their customer. Then `merge` takes a bucket: drops repeats
(`duplicates`), folds line items (`fold`), gives ids (`event_ids`), joins the customers' attributes
(`customers`) and sorts (`sorting`).
"""
