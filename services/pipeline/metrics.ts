import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Prometheus metrics of one process. Labels never name a wallet: they would be personal and without bound. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram;
  /** Text in Prometheus' exposition format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** @param process whether to add Node's own metrics (heap, event loop); off in tests */
export function createMetrics(room: string, process = true): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ room });
  if (process) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
