// Holds JSON documents to a JSON schema (draft 07): validate.js SCHEMA DOCUMENT... Needs ajv and ajv-formats.
'use strict';
const fs = require('fs');
const Ajv = require('ajv');
const read = (path) => JSON.parse(fs.readFileSync(path, 'utf8'));

const [schema, ...documents] = process.argv.slice(2);
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
require('ajv-formats')(ajv);
const validate = ajv.compile(read(schema));
for (const path of documents) {
	if (validate(read(path))) continue;
	for (const error of validate.errors.slice(0, 10)) console.log(`${path}: ${error.instancePath || '/'} ${error.message}`);
	process.exitCode = 1;
}
