import Bossman, { BossmanError, nextSlots } from 'bossman';

// Bundlers that take a package for free of side effects drop what hangs on the class.
if (Bossman.BossmanError !== BossmanError || Bossman.Bossman !== Bossman || Bossman.nextSlots !== nextSlots) {
  throw new Error(`the bundle lost exports: ${Object.keys(Bossman)}`);
}

const fred = new Bossman({ connection: process.argv[2], prefix: process.argv[3] });
fred.on('error', (error) => {
  throw error;
});
fred.hire('job', { work: () => console.log('job was done') });
fred.demand('job');
fred.once('finish', () => fred.quit());
