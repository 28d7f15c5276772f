"""What a record says of its customer -> the one customer it is of, and whether to leave it out.

`identifiers` takes ids from the columns of a source, `keyed` hashes them, `resolution` makes one
customer of those that are linked (`numbering` the identifiers, `graph` their links),
`forgotten` knows whose must stay out.
"""
