import type { FormParams } from '@chatelaine/protocol';
import { Button, Switch } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { PRESET_EFFECT_FIELD, PRESET_FIELD, type Preset } from './prefill.ts';

const LABELS: readonly (readonly [Preset, string])[] = [
  ['read', 'Only read'],
  ['wanted', 'What it asks'],
  ['everything', 'Everything'],
];
const EFFECTS = [
  { value: 'ask', label: 'Ask' },
  { value: 'allow', label: 'Allow' },
] as const;

interface PresetsView {
  /** Whether the Requester says what it wants. */
  readonly says: 'wants' | 'nothing';
  readonly chosen: FormParams;
  /** The form's action. */
  readonly action: string;
}

/** Buttons that fill in the whole form, which the owner can then check and change. */
export function Presets({ says, chosen, action }: PresetsView): VNode {
  return (
    <div class="presets" role="group" aria-label="All at once">
      <Switch
        legend="Set all to"
        name={PRESET_EFFECT_FIELD}
        answers={EFFECTS}
        chosen={chosen.get(PRESET_EFFECT_FIELD) ?? 'ask'}
      />
      <div class="row">
        {LABELS.filter(([preset]) => says === 'wants' || preset !== 'wanted').map(([preset, label]) => (
          <Button key={preset} kind="plain" name={PRESET_FIELD} value={preset} to={`${action}#choices`}>
            {label}
          </Button>
        ))}
      </div>
    </div>
  );
}
