#!/usr/bin/env node
// First, since it starts a thread that takes longer to start than all the rest.
import '../src/synthesizer/synthesis.js';

const { main } = await import('../src/synthesizer/main.js');
process.exitCode = await main(process.argv.slice(2));
