/** The courier's messages of the seeded world, as data. */
import { seed } from '../../seed.ts';
import type { Message } from '../world.ts';

export interface Mail extends Pick<Message, 'status' | 'recipient' | 'template_type'> {
  readonly id?: string;
  readonly type?: 'sms';
  /** Hours ago. */
  readonly queued: number;
  /** How many attempts failed before the one that worked, or before it was given up. */
  readonly failed?: number;
}

export const mail: readonly Mail[] = [
  { id: seed.message, status: 'sent', recipient: 'ada.byron@example.com', template_type: 'verification_code_valid', queued: 60 },
  {
    id: seed.abandonedMessage,
    status: 'abandoned',
    recipient: 'radia.joy@example.com',
    template_type: 'recovery_code_valid',
    queued: 200,
    failed: 1,
  },
  { status: 'queued', recipient: 'chiara.ferrari@example.com', template_type: 'verification_code_valid', queued: 0.02 },
  { status: 'queued', recipient: 'uma.nair@example.com', template_type: 'verification_code_valid', queued: 0.05 },
  { status: 'processing', recipient: 'gwen.oneill@example.com', template_type: 'recovery_code_valid', queued: 0.1 },
  { status: 'sent', recipient: '+491711234567', type: 'sms', template_type: 'login_code_valid', queued: 12 },
  { status: 'sent', recipient: 'joan.clarke@example.com', template_type: 'verification_code_valid', queued: 47 },
  { status: 'sent', recipient: 'lars.lindqvist@example.com', template_type: 'verification_code_valid', queued: 30, failed: 2 },
  { status: 'sent', recipient: 'carla.ruiz@corp.example.com', template_type: 'verification_code_valid', queued: 29 },
  { status: 'sent', recipient: 'grace.murray@example.com', template_type: 'recovery_code_valid', queued: 90 },
  { status: 'sent', recipient: 'nobody@example.org', template_type: 'recovery_code_invalid', queued: 3 },
  { status: 'abandoned', recipient: '+254712345678', type: 'sms', template_type: 'verification_code_valid', queued: 330, failed: 3 },
  { status: 'sent', recipient: 'mallory.intruder@example.net', template_type: 'verification_code_valid', queued: 260 },
  { status: 'sent', recipient: 'hedy.kiesler@corp.example.com', template_type: 'recovery_code_valid', queued: 400 },
];
