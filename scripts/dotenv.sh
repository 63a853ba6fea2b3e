#!/bin/sh
# Make .env for docker-compose.yml from .env.example: every empty value becomes a random one. Usage: scripts/dotenv.sh [FILE]
# A file that is there stays as it is: its passwords are those that the volumes were made with.
set -eu
cd "$(dirname "$0")/.."
file=${1:-.env}
[ ! -e "$file" ] || { echo "$file is there already and stays as it is" >&2; exit 1; }
umask 077
random() {
    LC_ALL=C od -An -N 20 -t x1 /dev/urandom | tr -d ' \n'
}
while IFS= read -r line; do
    case $line in
    [A-Z]*=) printf '%s%s\n' "$line" "$(random)" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <.env.example >"$file.new"
mv "$file.new" "$file"
echo "$file holds new passwords; only you can read it"
