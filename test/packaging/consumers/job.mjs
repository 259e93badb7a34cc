// node job.mjs REDIS_URL PREFIX: runs one job, and exits when it has quit.
import { once } from 'node:events';
import Bossman from 'bossman';

const [connection, prefix] = process.argv.slice(2);
const fred = new Bossman({ connection, prefix });
const finished = once(fred, 'finish');
await fred.hire('job', { work: ({ job }) => console.log(`${job} was done`) });
await fred.demand('job');
await finished;
await fred.quit();
