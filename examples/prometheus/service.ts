// A service whose runs Prometheus can scrape: curl http://127.0.0.1:9464/metrics
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import Bossman from 'bossman';
import { instrument } from 'bossman/otel';

const { REDIS_URL = 'redis://127.0.0.1:6379', PREFIX = 'bossman-prometheus', PORT = '9464' } = process.env;

// The exporter's own server would listen on all interfaces.
const exporter = new PrometheusExporter({ preventServerStart: true });
const stopTelling = instrument({ meterProvider: new MeterProvider({ readers: [exporter] }) });

const fred = new Bossman({ connection: REDIS_URL, prefix: PREFIX });
fred.on('error', ({ code, message }) => console.error(code, message));
fred.hire('engineers', { every: '1 second', work: () => sleep(20) });

const server = createServer((request, response) => {
  if (request.url === '/metrics') exporter.getMetricsRequestHandler(request, response);
  else response.writeHead(404).end();
});
server.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}/metrics`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave());

async function leave(): Promise<void> {
  await fred.quit();
  stopTelling();
  server.close();
  server.closeAllConnections();
}
