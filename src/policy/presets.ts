/** The three presets: a verdict per effect. The policy resource and the README's table are made from this one. */
import type { ChangeEffect } from '../operation.ts';

export type Standing = 'allow' | 'confirm' | 'approve' | 'not offered';
export type Preset = Readonly<Record<'read' | ChangeEffect, Standing>>;
export const PRESET_NAMES = ['standard', 'strict', 'read-only'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export const presets: Readonly<Record<PresetName, Preset>> = {
  standard: { read: 'allow', write: 'allow', privilege: 'confirm', takeover: 'confirm', destructive: 'confirm', mass: 'confirm' },
  strict: { read: 'allow', write: 'confirm', privilege: 'approve', takeover: 'approve', destructive: 'approve', mass: 'approve' },
  'read-only': {
    read: 'allow',
    write: 'not offered',
    privilege: 'not offered',
    takeover: 'not offered',
    destructive: 'not offered',
    mass: 'not offered',
  },
};

/** One clause per effect, for people. */
export const MEANING: Readonly<Record<'read' | ChangeEffect, string>> = {
  read: 'looks something up',
  write: 'changes plain data of an account',
  privilege: 'could give an account more rights',
  takeover: 'could hand an account to someone else',
  destructive: 'takes something away that cannot simply be brought back',
  mass: 'changes many accounts at once',
};
