module github.com/lib537/restarter/docs/compare

go 1.21
