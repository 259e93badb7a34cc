import { isTime, listenersFrom, restFrom, wholeNumber } from '../redis/bounds';

/**
 * A message of the bell. Scripts send them (see the line `rings` in each), except for `roll`, `here`, `who` and `quit`.
 * Every message begins with its kind and its caller, has a fixed number of words, and ends with the job's name, which
 * may contain any character. Several can arrive as one: see `messagesIn`.
 */
export type Bell =
  | { kind: 'armed'; caller: string; name: string }
  /** `armed` for several jobs. */
  | { kind: 'hired'; caller: string; names: string[] }
  | {
      kind: 'claim';
      caller: string;
      /** When it was claimed, in ms on Redis' clock. */
      at: number;
      stamp: number;
      slot: number;
      next: number;
      verdict: string;
      /** No instance goes first at the next slot. */
      open: boolean;
      /** How many instances listen, as the caller last counted; 0 if unknown. */
      listeners: number;
      name: string;
    }
  | {
      kind: 'demand';
      caller: string;
      at: number;
      triggerSet: boolean;
      lockRest: number;
      listeners: number;
      name: string;
    }
  /** `lockRest` -1: it counts as run. */
  | { kind: 'taken'; caller: string; at: number; triggerDeleted: boolean; lockRest: number; name: string }
  /** `waiting`: another demand was made before this one began. */
  | { kind: 'begun'; caller: string; at: number; waiting: boolean; name: string }
  /** A recoverable run was settled. */
  | { kind: 'settled'; caller: string; name: string }
  /** The instance of a recoverable run has quit, and the run's work has ended. */
  | { kind: 'dropped'; caller: string; name: string }
  /** The slot or demand of a run that died runs once more. */
  | { kind: 'recovered'; caller: string; at: number; name: string }
  /** The job was paused or resumed, or, if `forgotten`, deleted. */
  | { kind: 'paused'; caller: string; forgotten: boolean; name: string }
  /** Who hires the plan that is stored for the job? */
  | { kind: 'roll'; caller: string; name: string }
  /** The answer to `roll`: the caller does. */
  | { kind: 'here'; caller: string; name: string }
  /** Who is there? The answers are collected under the roll's id. */
  | { kind: 'who'; caller: string; roll: string }
  | { kind: 'quit'; caller: string };

/** The number of words between caller and name. That of `armed` is the stamp, which is not used. */
const WORDS = {
  armed: 1,
  claim: 7,
  demand: 4,
  taken: 3,
  begun: 2,
  settled: 0,
  dropped: 0,
  recovered: 1,
  paused: 1,
  roll: 0,
  here: 0,
} as const;

/** The verdicts of claims that ring the bell. */
const VERDICTS = new Set(['run', 'locked', 'missed']);

/** Precedes a list of messages in JSON. */
const SEVERAL = 'many ';

/** Checked, because it becomes part of a key. */
const ROLL = /^[0-9a-f]{32}$/;

function isKind(word: string | undefined): word is keyof typeof WORDS {
  return word !== undefined && Object.hasOwn(WORDS, word);
}

/** Splits a message: scripts that are sent in one command ring once. */
export function messagesIn(message: string): string[] {
  return message.startsWith(SEVERAL) ? (textsIn(message.slice(SEVERAL.length)) ?? []) : [message];
}

/** All bells in a message. */
export function bellsIn(message: string): Bell[] {
  return messagesIn(message).flatMap((one) => parseBell(one) ?? []);
}

/** Whether the message has a kind that this version knows; a later version may send others. */
export function isOfKnownKind(message: string): boolean {
  const [kind] = message.split(' ', 1);
  return isKind(kind) || kind === 'hired' || kind === 'who';
}

/** Null for a message that no instance can have sent. */
export function parseBell(message: string): Bell | null {
  const words: string[] = [];
  let from = 0;
  const word = (): string | undefined => {
    const to = message.indexOf(' ', from);
    if (to < 0) return undefined;
    const found = message.slice(from, to);
    from = to + 1;
    return found;
  };

  const kind = word();
  if (kind === 'quit') return { kind, caller: message.slice(from) };
  const caller = word();
  if (kind === 'who' && caller !== undefined) {
    const roll = message.slice(from);
    return ROLL.test(roll) ? { kind, caller, roll } : null;
  }
  if (kind === 'hired' && caller !== undefined) {
    const names = textsIn(message.slice(from));
    return names && { kind, caller, names };
  }
  if (!isKind(kind) || caller === undefined) return null;
  for (let count = WORDS[kind]; count > 0; count -= 1) {
    const next = word();
    if (next === undefined) return null;
    words.push(next);
  }
  const name = message.slice(from);
  if (name === '') return null;

  const [first = '', second = '', third = '', fourth = ''] = words;
  switch (kind) {
    case 'armed':
    case 'settled':
    case 'dropped':
    case 'roll':
    case 'here':
      return { kind, caller, name };
    case 'claim': {
      const [, , , , verdict = '', open, listeners = ''] = words;
      const [at, stamp, slot, next] = [time(first), time(second), time(third), time(fourth)];
      if (at === null || stamp === null || slot === null || next === null) return null;
      if (!VERDICTS.has(verdict)) return null;
      return {
        kind,
        caller,
        at,
        stamp,
        slot,
        next,
        verdict,
        open: open === '1',
        listeners: listenersFrom(wholeNumber(listeners)),
        name,
      };
    }
    case 'demand': {
      const [at, lockRest] = [time(first), restFrom(wholeNumber(third))];
      if (at === null || lockRest === null) return null;
      const listeners = listenersFrom(wholeNumber(fourth));
      return { kind, caller, at, triggerSet: second === '1', lockRest, listeners, name };
    }
    case 'taken': {
      const [at, lockRest] = [time(first), restFrom(wholeNumber(third))];
      if (at === null || lockRest === null) return null;
      return { kind, caller, at, triggerDeleted: second === '1', lockRest, name };
    }
    case 'paused':
      return time(first) === null ? null : { kind, caller, forgotten: first === '0', name };
    case 'recovered': {
      const at = time(first);
      return at === null ? null : { kind, caller, at, name };
    }
    case 'begun': {
      const at = time(first);
      return at === null ? null : { kind, caller, at, waiting: second === '1', name };
    }
  }
}

/** A time in ms on Redis' clock; null if it is invalid. */
function time(word: string): number | null {
  const ms = wholeNumber(word);
  return isTime(ms) ? ms : null;
}

function textsIn(json: string): string[] | null {
  try {
    const texts: unknown = JSON.parse(json);
    return Array.isArray(texts) && texts.every((text) => typeof text === 'string') ? texts : null;
  } catch {
    return null;
  }
}
