# Words to the person at the terminal. Colour only there.

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' yellow='' plain=''
fi

say() { printf '%s\n' "$*"; }
step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%snote: %s%s\n' "$yellow" "$*" "$plain" >&2; }
fail() {
  printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}
