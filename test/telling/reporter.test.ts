import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import Bossman from '../../src';
import { instrument } from '../../src/otel';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

/** Port 1 is nobody's. */
const NOBODY = { host: '127.0.0.1', port: 1 };

const refuse = (): never => {
  throw new Error('must not be looked at');
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** What work may throw. */
const HOSTILE: Record<string, unknown> = {
  'an Error of another realm': runInNewContext("new TypeError('elsewhere')"),
  'a frozen Error': Object.freeze(new Error('frozen')),
  'an Error whose message throws': Object.defineProperty(new Error('hidden'), 'message', { get: refuse }),
  'an Error whose name and stack throw': Object.create(Error.prototype, {
    name: { get: refuse },
    stack: { get: refuse },
  }),
  'an object whose toString throws': { toString: refuse, [inspect.custom]: refuse },
  'a Proxy whose traps throw': new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse }),
  'a revoked Proxy': revoked.proxy,
  'an object without a prototype': Object.create(null),
  'a Symbol': Symbol('odd'),
  nothing: undefined,
};

describe('nothing is thrown into the process of the user', () => {
  // The realm of jest is not that of Node, as the realms of vitest's `vm` pools and of node:vm are not.
  it('when an error becomes a process warning in another realm, and quit() settles', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning');
    // What Node took, and did not refuse.
    const warnings = () =>
      emitWarning.mock.calls.filter((_, call) => emitWarning.mock.results[call]?.type === 'return');
    try {
      const fred = new Bossman({ connection: NOBODY });
      void fred.demand('a');
      await waitFor('the outage to be told', () => warnings().length === 1);
      await fred.quit({ timeout: 0 });
      expect(warnings()).toEqual([
        [
          expect.stringContaining('connection to 127.0.0.1:1 failed'),
          { type: 'BossmanError', code: 'CONNECTION', detail: expect.stringContaining('.ts:') },
        ],
        [
          expect.stringContaining("quit before Redis answered: demand of 'a'"),
          { type: 'BossmanError', code: 'QUIT', detail: expect.stringContaining('.ts:') },
        ],
      ]);
    } finally {
      emitWarning.mockRestore();
    }
  });

  it.each(Object.entries(HOSTILE))('when work, a QA and a listener throw %s', async (_, thrown) => {
    const stop = instrument();
    const fred = fleet.join();
    fleet.allowErrors(/^WORK_FAILED|^LISTENER/);
    const veto = { throws: false };
    fred.qa((_name, _definition, next) => {
      if (veto.throws) throw thrown;
      return next();
    });
    fred.on('finish', () => {
      throw thrown;
    });
    await fred.hire('thrower', {
      work: () => {
        throw thrown;
      },
    });
    await fred.hire('witness', { work: () => {} });
    await fred.demand('thrower');
    await waitFor('work to fail', () => fleet.told.fail.length === 1);
    veto.throws = true;
    await fred.demand('thrower');
    await waitFor('the QA to fail', () => fleet.told.fail.length === 2);
    veto.throws = false;
    await fred.demand('witness');
    await waitFor('all to be told', () => fleet.told.error.length === 3);
    stop();
    expect(fleet.told.error.map(({ code }) => code)).toEqual(['WORK_FAILED', 'WORK_FAILED', 'LISTENER']);
    expect(fleet.told.fail.every(({ cause }) => Object.is(cause, thrown))).toBe(true);
    const history = await fred.history('thrower');
    expect(history.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('when the listener for warnings throws', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(refuse);
    try {
      const fred = new Bossman({ connection: NOBODY });
      void fred.hire('a', { every: 1000, work: () => {} });
      await waitFor('the outage to be told', () => emitWarning.mock.calls.length > 0);
      await expect(fred.quit({ timeout: 0 })).resolves.toBeUndefined();
    } finally {
      emitWarning.mockRestore();
    }
  });

  it('when a refused argument cannot be shown: the TypeError says so', () => {
    const odd = HOSTILE['an object whose toString throws'];
    const invalid: Bossman.BossmanOptions = JSON.parse('{}');
    Reflect.set(invalid, 'prefix', odd);
    expect(() => new Bossman(invalid)).toThrow(TypeError);
    expect(() => new Bossman(invalid)).toThrow('prefix: something that cannot be shown is not a string');
  });
});
