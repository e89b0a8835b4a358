module skywatch/profiler

go 1.23
