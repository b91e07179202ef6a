package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"example.com/receiver/webhooks"
)

func decoded(text string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return bytes
}

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fields := strings.Split(lines.Text(), " ")
		header := ""
		if fields[1] != "-" {
			header = string(decoded(fields[1][1:]))
		}
		fmt.Println(webhooks.Verify(fields[0], header, decoded(fields[2])))
	}
}
