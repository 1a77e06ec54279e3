/*
 * Floor 1. What a registry wants to see before it answers: RFC 9110, section 11.6.1
 * (WWW-Authenticate), and the distribution project's token authentication.
 */
#ifndef NET_CHALLENGE_H
#define NET_CHALLENGE_H

#include <stdbool.h>

#include "attributes.h"
#include "base/error.h"

enum challenge_scheme {
	CHALLENGE_OTHER,
	CHALLENGE_BASIC,
	CHALLENGE_BEARER,
};

struct challenge {
	enum challenge_scheme scheme;
	/* parameters, NULL where absent */
	char *realm;
	char *service;
	char *scope;
};

/* The best that one field offers: Bearer before Basic before all else. ERROR_INPUT: malformed. */
int challenge_parse(const char *field, struct challenge *ret_challenge,
		    struct error *err) must_check;
void challenge_release(struct challenge *challenge);
#define auto_challenge cleanup_by(challenge_release)

#endif
