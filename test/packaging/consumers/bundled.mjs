import Bossman, { BossmanError, nextSlots } from 'bossman';
import { web } from 'bossman/web';

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
fred.once('finish', async () => {
  // The page is in the code: nothing is read from disk.
  const page = await web(fred, { authorize: () => 'read' }).fetch(new Request('http://jobs.example/'));
  if (!(await page.text()).includes('./assets/page-')) throw new Error('the bundle lost the page');
  await fred.quit();
});
