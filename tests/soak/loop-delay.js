// How late the event loop of Harper's thread is. A resource of the app that is watched: POST begins to watch, GET tells and ends.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const histogram = monitorEventLoopDelay({ resolution: 1 });

/** Only the super user may: Harper's default for a resource. */
export class LoopDelay extends Resource {
  post() {
    histogram.reset();
    histogram.enable();
    return {};
  }

  get() {
    histogram.disable();
    return { maxMs: histogram.max / 1e6, p99Ms: histogram.percentile(99) / 1e6 };
  }
}
