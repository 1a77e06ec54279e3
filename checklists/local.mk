checklistsdir = $(pkgdatadir)/checklists
dist_checklists_DATA = \
	checklists/episode-15.md checklists/episode-16.md \
	checklists/episode-17.md checklists/episode-18.md
