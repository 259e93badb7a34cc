import type { FleetReply } from '../web/api';
import { type Live, useFleet } from './data';
import { clock, counted, place, span } from './format';
import { hrefOf, useNow } from './hooks';
import { Empty, Text } from './parts';
import { Problem } from './problem';

/** The instances, what they are running, and how the last runs were shared between them. */
export function FleetView({ live }: { live: Live }) {
  const { value, problem } = useFleet(live);
  return (
    <>
      <Problem of={problem} />
      {value && <Instances reply={value} />}
      {value?.shares.some(({ runs }) => runs > 0) && (
        <Shares shares={value.shares} instances={value.instances} />
      )}
    </>
  );
}

function Instances({ reply }: { reply: FleetReply }) {
  const now = useNow();
  const { instances, shares } = reply;
  if (instances.length === 0) {
    return (
      <Empty title="No instance answers">
        <p>
          No service of this fleet is running, or none can answer now. Plans stay in Redis until one starts.
        </p>
      </Empty>
    );
  }
  return (
    <table class="instances">
      <caption>{counted(instances.length, 'instance')}</caption>
      <thead>
        <tr>
          <th>Instance</th>
          <th>Running now</th>
          <th class="num wide">Jobs</th>
          <th class="num wide">Last runs</th>
          <th class="num">Up</th>
          <th class="wide">bossman</th>
        </tr>
      </thead>
      <tbody>
        {instances.map((instance) => (
          <tr key={instance.id}>
            <td class="name" title={`instance ${instance.id}`}>
              <bdi>{place({ by: instance.id, host: instance.host, pid: instance.pid })}</bdi>
              {instance.application !== null && (
                <small>
                  <Text>{instance.application}</Text>
                </small>
              )}
            </td>
            <td>
              {instance.running.length === 0 && <span class="soft">–</span>}
              <ul class="plain">
                {instance.running.map((run) => (
                  <li key={`${run.job} ${run.since}`}>
                    <span class="run sign" aria-hidden="true">
                      ●
                    </span>{' '}
                    <a href={hrefOf({ view: 'job', name: run.job })}>
                      <Text>{run.job}</Text>
                    </a>{' '}
                    <span class="soft">{span(Math.max(0, now - run.since))}</span>
                  </li>
                ))}
              </ul>
            </td>
            <td class="num wide">{instance.jobs.length.toLocaleString('en')}</td>
            <td class="num wide">
              {(shares.find(({ by }) => by === instance.id)?.runs ?? 0).toLocaleString('en')}
            </td>
            <td class="num" title={`since ${clock(instance.since, now)}`}>
              {span(Math.max(0, now - instance.since))}
            </td>
            <td class="wide soft">
              <Text>{instance.version}</Text>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Shares({ shares, instances }: Pick<FleetReply, 'shares' | 'instances'>) {
  const all = shares.reduce((sum, { runs }) => sum + runs, 0);
  const most = Math.max(1, ...shares.map(({ runs }) => runs));
  return (
    <section class="shares">
      <h2>
        How the last {counted(all, 'run')} were shared <span class="soft">(up to 20 of each job)</span>
      </h2>
      <table>
        <thead>
          <tr>
            <th>Instance</th>
            <th class="num">Runs</th>
            <th class="num">Failed</th>
            <th>Share</th>
          </tr>
        </thead>
        <tbody>
          {shares.map(({ by, host, pid, runs, failures }) => (
            <tr key={by}>
              <td class="name">
                <bdi>{place({ by, host, pid })}</bdi>
                {!instances.some(({ id }) => id === by) && <small>gone</small>}
              </td>
              <td class="num">{runs.toLocaleString('en')}</td>
              <td class={`num ${failures > 0 ? 'bad' : 'soft'}`}>{failures.toLocaleString('en')}</td>
              <td class="share">
                <svg viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true">
                  <rect class="bar done" width={(200 * (runs - failures)) / most} height="12" />
                  <rect
                    class="bar failed"
                    x={(200 * (runs - failures)) / most}
                    width={(200 * failures) / most}
                    height="12"
                  />
                </svg>{' '}
                <span class="num">{Math.round((100 * runs) / Math.max(1, all))} %</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
