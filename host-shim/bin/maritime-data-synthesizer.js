#!/usr/bin/env node
import { main } from '../src/synthesizer/main.js';

process.exitCode = await main(process.argv.slice(2));
