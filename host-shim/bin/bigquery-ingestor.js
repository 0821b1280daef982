#!/usr/bin/env node
import { main } from '../src/benchmark/main.js';

process.exitCode = await main(process.argv.slice(2));
