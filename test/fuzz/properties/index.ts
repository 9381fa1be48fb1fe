import type { FuzzProperty } from '../property.js';
import { conditionProperties } from './condition.js';
import { configProperties } from './config.js';
import { inputProperties } from './input.js';
import { reportProperties } from './report.js';
import { stateProperties } from './state.js';
import { wireProperties } from './wire.js';

/** All that must hold of whatever comes in from outside. */
export const PROPERTIES: readonly FuzzProperty[] = [
  ...wireProperties,
  ...inputProperties,
  ...configProperties,
  ...stateProperties,
  ...reportProperties,
  ...conditionProperties,
];
