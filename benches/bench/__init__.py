"""What `benches/run` is made of: measuring, generated trees, the benchmarks, the table."""
