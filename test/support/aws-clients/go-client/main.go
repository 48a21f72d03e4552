// The AWS SDK for Go v2 with the credentials its config loader finds. See ../README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// When to call, after the full second: see ../README.md.
const offset = 100 * time.Millisecond

type answer struct {
	Profile         string `json:"profile,omitempty"`
	AccessKeyID     string `json:"accessKeyId,omitempty"`
	SecretAccessKey string `json:"secretAccessKey,omitempty"`
	SessionToken    string `json:"sessionToken,omitempty"`
	Arn             string `json:"arn,omitempty"`
	RequestID       string `json:"requestId,omitempty"`
	Error           string `json:"error,omitempty"`
	Ms              *int64 `json:"ms,omitempty"`
}

func show(a answer) {
	line, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func resolve(ctx context.Context, profile string) answer {
	var options []func(*config.LoadOptions) error
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return answer{Profile: profile, Error: err.Error()}
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return answer{Profile: profile, Error: err.Error()}
	}
	return answer{
		Profile:         profile,
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.SessionToken,
	}
}

func newClient(ctx context.Context) (*sts.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := sts.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_STS"), func(e *aws.Endpoint) {
		e.SigningRegion = cfg.Region
	})
	return sts.NewFromConfig(cfg, sts.WithEndpointResolver(endpoint)), nil
}

func identity(ctx context.Context, client *sts.Client) answer {
	started := time.Now()
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	ms := time.Since(started).Milliseconds()
	if err != nil {
		return answer{Error: err.Error(), Ms: &ms}
	}
	id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	return answer{Arn: aws.ToString(out.Arn), RequestID: id, Ms: &ms}
}

func call(ctx context.Context, every time.Duration, length time.Duration) {
	end := time.Now().Add(length)
	client, err := newClient(ctx)
	if err != nil {
		var ms int64
		show(answer{Error: err.Error(), Ms: &ms})
		return
	}
	for {
		if every > 0 {
			now := time.Now()
			time.Sleep(now.Add(-offset).Truncate(every).Add(every + offset).Sub(now))
		}
		show(identity(ctx, client))
		if time.Now().After(end) {
			return
		}
	}
}

func number(args []string, index int) int {
	if index >= len(args) {
		return 0
	}
	value, err := strconv.Atoi(args[index])
	if err != nil {
		usage()
	}
	return value
}

func usage() {
	fmt.Fprintln(os.Stderr, "Usage: resolve [PROFILE]... | call [EVERY_MS SECONDS]")
	os.Exit(2)
}

func main() {
	ctx := context.Background()
	if len(os.Args) < 2 {
		usage()
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "resolve":
		if len(args) == 0 {
			args = []string{""}
		}
		for _, profile := range args {
			show(resolve(ctx, profile))
		}
	case "call":
		every := time.Duration(number(args, 0)) * time.Millisecond
		call(ctx, every, time.Duration(number(args, 1))*time.Second)
	default:
		usage()
	}
}
