// Judge lets golang.org/x/mod/sumdb/{note,tlog} judge what Licet wrote: signatures, roots, tiles,
// proofs of inclusion and of consistency. It shares no code with what it judges.
//
//	judge log PREFIX VKEY         a folder of C2SP tlog-tiles, whole
//	judge proof VKEY PROOF LEAF   a C2SP tlog-proof about the bytes of a file
//	judge cases FILE              lines of JSON, each a proof with the verdict that is claimed
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "log":
		return judgeLog(args[1], args[2])
	case len(args) == 4 && args[0] == "proof":
		return judgeProof(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "cases":
		return judgeCases(args[1])
	}
	return errors.New("usage: judge log PREFIX VKEY | proof VKEY PROOF LEAF | cases FILE")
}

// openCheckpoint verifies a signed note and reads the three lines of a tlog-checkpoint.
func openCheckpoint(signed []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint of %q, key of %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tileFiles reads tiles as C2SP names them; tlog's own names differ, the content does not.
type tileFiles struct{ prefix string }

func (files tileFiles) Height() int                     { return tileHeight }
func (files tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (files tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for i, tile := range tiles {
		content, err := os.ReadFile(files.path(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		contents[i] = content
	}
	return contents, nil
}

func (files tileFiles) path(level string, index int64, width int) string {
	name := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	if width < 1<<tileHeight {
		name = fmt.Sprintf("%s.p/%d", name, width)
	}
	return filepath.Join(files.prefix, "tile", level, name)
}

// judgeLog checks the signature, every tile against the root, and every leaf against its tile.
func judgeLog(prefix, vkey string) error {
	signed, err := os.ReadFile(filepath.Join(prefix, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(signed, vkey)
	if err != nil {
		return err
	}
	files := tileFiles{prefix}
	// Authenticates whatever it reads against the root of the tree.
	hashes := tlog.TileHashReader(tree, files)
	for start := int64(0); start < tree.N; start += 1 << tileHeight {
		width := int64(1 << tileHeight)
		if tree.N-start < width {
			width = tree.N - start
		}
		if err := judgeBundle(files, hashes, start, int(width)); err != nil {
			return err
		}
	}
	if err := judgePairs(hashes, tree); err != nil {
		return err
	}
	fmt.Printf("sound: %d leaves, root %s\n", tree.N, tree.Hash)
	return nil
}

func judgeBundle(files tileFiles, hashes tlog.HashReader, start int64, width int) error {
	path := files.path("entries", start>>tileHeight, width)
	bundle, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
	}
	stored, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i := 0; i < width; i++ {
		if len(bundle) < 2 {
			return fmt.Errorf("%s: ends before leaf %d", path, start+int64(i))
		}
		length := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+length {
			return fmt.Errorf("%s: ends inside leaf %d", path, start+int64(i))
		}
		if tlog.RecordHash(bundle[2:2+length]) != stored[i] {
			return fmt.Errorf("%s: leaf %d is not under the root", path, start+int64(i))
		}
		bundle = bundle[2+length:]
	}
	if len(bundle) > 0 {
		return fmt.Errorf("%s: %d bytes too many", path, len(bundle))
	}
	return nil
}

// judgePairs makes proofs from the tiles with tlog and checks them with tlog: so the tiles are
// enough for anybody to make proofs from.
func judgePairs(hashes tlog.HashReader, tree tlog.Tree) error {
	for old := int64(1); old <= tree.N; old = old*2 + 1 {
		root, err := tlog.TreeHash(old, hashes)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, old, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, root); err != nil {
			return err
		}
	}
	return nil
}

func judgeProof(vkey, proofPath, leafPath string) error {
	content, err := os.ReadFile(proofPath)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafPath)
	if err != nil {
		return err
	}
	head, signed, found := bytes.Cut(content, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("no index")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(signed, vkey)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[1:])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	fmt.Printf("proved: leaf %d of %d\n", index, tree.N)
	return nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}

// A question and the answer that Licet gives to it.
type question struct {
	Kind    string // "inclusion", "consistency" or "note"
	Index   int64
	Old     int64
	Size    int64
	Leaf    string
	OldRoot string
	Root    string
	Path    []string
	Note    string // base64
	Vkey    string
	Holds   bool
}

func judgeCases(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	asked, held := 0, 0
	for lines.Scan() {
		var one question
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		asked++
		fault := one.judge()
		if (fault == nil) != one.Holds {
			return fmt.Errorf("line %d: claimed %v, found %v: %s", asked, one.Holds, fault, lines.Text())
		}
		if fault == nil {
			held++
		}
	}
	fmt.Printf("agreed: %d questions, %d hold\n", asked, held)
	return lines.Err()
}

func (one question) judge() error {
	if one.Kind == "note" {
		signed, err := base64.StdEncoding.DecodeString(one.Note)
		if err != nil {
			return err
		}
		_, err = openCheckpoint(signed, one.Vkey)
		return err
	}
	root, err := tlog.ParseHash(one.Root)
	if err != nil {
		return err
	}
	proof, err := parseHashes(one.Path)
	if err != nil {
		return err
	}
	if one.Kind == "inclusion" {
		leaf, err := tlog.ParseHash(one.Leaf)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(proof, one.Size, root, one.Index, leaf)
	}
	old, err := tlog.ParseHash(one.OldRoot)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, one.Size, root, one.Old, old)
}
