module github.com/lib537/restarter

go 1.21
