# Each program is its own file and tool.c.
tool_sources = bin/tool.c
