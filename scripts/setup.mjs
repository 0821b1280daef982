// `npm run setup`: everything that the demo and the tests set up by themselves.
import { setUp } from './setup/index.mjs';

await setUp();
