import type { Measure } from '../measure';
import { measure as burst } from './burst';
import { measure as crowd } from './crowd';
import { measure as demand } from './demand';
import { measure as hiring } from './hiring';
import { measure as idle } from './idle';
import { measure as rate } from './rate';
import { measure as requests } from './requests';
import { measure as stall } from './stall';
import { measure as startup } from './startup';
import { measure as ticks } from './ticks';

/** In the order of the report. */
export const MEASURES: Measure[] = [
  demand,
  ticks,
  stall,
  requests,
  burst,
  crowd,
  hiring,
  rate,
  startup,
  idle,
];
