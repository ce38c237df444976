# Where the code that quiet.sh measures comes from; it sources this file. set mirrors and work before, and have die.

# fetch_tree NAME KIND SOURCE PIN DIRECTORY makes DIRECTORY of a line of quiet.tsv. It is there whole or not at all.
fetch_tree() {
	local part=$5.part
	rm -rf "$part"
	mkdir -p "$part"
	case $2 in
	go) tree_of_go "$3" "$4" "$part" ;;
	git) tree_of_git "$3" "$4" "$part" ;;
	npm) tree_of_npm "$3" "$4" "$part" ;;
	deb) tree_of_deb "$1" "$3" "$4" "$part" ;;
	*) die "quiet.tsv: $1 is of kind $2; there are go, git, npm and deb" ;;
	esac || die "$1 $4 could not be fetched from $3"
	# What is so large is no text, and some mirrors have none of it.
	find "$part" -type f -size +4095k -delete
	mv "$part" "$5"
}

# tree_of_go FOLDER VERSION DIRECTORY copies a folder of a release of Go, which the go command fetches where it is another one.
tree_of_go() {
	local root
	root=$(cd "$work" && GOTOOLCHAIN=$2 go env GOROOT) || return
	cp -R "$root/$1/." "$3" && chmod -R u+w "$3"
}

# tree_of_git URL COMMIT DIRECTORY checks out one commit. What a mirror lacks of it is left out, and said.
tree_of_git() {
	local clone=$mirrors/${1#https://*/} lacking=$work/lacking
	local -x GIT_INDEX_FILE=$work/index
	rm -rf "$GIT_INDEX_FILE" "$work/clone.git"
	if [[ -z $mirrors || ! -d $clone ]]; then
		clone=$work/clone.git
		git init --quiet --bare "$clone" && git -C "$clone" fetch --quiet --depth 1 "$1" "$2" || return
	fi
	git -C "$clone" read-tree "$2" || return
	git -C "$clone" rev-list --objects --no-walk --missing=print "$2" | sed -n 's/^?//p' >"$lacking"
	git -C "$clone" ls-files --stage | grep -F -f "$lacking" | sed "s,^[^	]*	,quiet.sh: $clone lacks ," >&2 || true
	git -C "$clone" ls-files --stage | grep -v -F -f "$lacking" | cut -f 2- |
		git -C "$clone" --work-tree="$3" checkout-index --stdin --prefix="$3/"
}

# tree_of_npm PACKAGE VERSION DIRECTORY unpacks a package of npm, which checks what it gets.
tree_of_npm() {
	rm -rf "$work/package" && mkdir "$work/package" &&
		(cd "$work/package" && npm pack --silent "$1@$2" >/dev/null) &&
		tar -xzf "$work"/package/*.tgz -C "$3"
}

# tree_of_deb PACKAGE URL VERSION DIRECTORY unpacks a package of Debian. URL ends in the SHA-1 of the file.
tree_of_deb() {
	local file
	rm -rf "$work/package" && mkdir "$work/package" || return
	(cd "$work/package" && apt-get download --quiet=2 "$1=$3" >/dev/null 2>&1) || true
	file=$(find "$work/package" -name '*.deb')
	if [[ -z $file || $(sha1 "$file") != "${2##*/}" ]]; then
		file=$work/package.deb
		curl --silent --show-error --fail --location --output "$file" "$2" || return
		[[ $(sha1 "$file") == "${2##*/}" ]] || die "$2 is not the file that it was"
	fi
	ar p "$file" data.tar.xz | tar -xJf - -C "$4"
}

sha1() { { sha1sum "$1" 2>/dev/null || shasum "$1"; } | cut -d ' ' -f 1; }
