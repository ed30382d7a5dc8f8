// Run by whatever Node npm itself runs on, so in a language that all of them know.
//
// The two packages of the pinned Node, for amd64 and arm64, both bring `node_modules/.bin/node`. npm before 11 removes it together with the one that
// is for the other machine.
const { existsSync, symlinkSync } = require('node:fs');

const own = `node_modules/node-linux-${process.arch}/bin/node`;
if (existsSync(own) && !existsSync('node_modules/.bin/node'))
  symlinkSync(`../node-linux-${process.arch}/bin/node`, 'node_modules/.bin/node');
