# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The same fleet by Terraform. An interface takes addresses or a prefix, not both, so a host with a prefix has no address
# of its own.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

variable "endpoint" { type = string }
variable "region" { type = string }
variable "hosts" { type = number }
variable "mode" { type = string }
variable "subnet_id" { type = string }
variable "subnet_cidr" { type = string }
variable "security_group_id" { type = string }
variable "key_name" { type = string }
variable "image_id" { type = string }
variable "instance_type" { type = string }

provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
  max_retries                 = 3

  endpoints {
    ec2 = var.endpoint
    sts = var.endpoint
    ssm = var.endpoint
  }
}

locals {
  fleet = { "ipv6.aws_containers:fleet" = "benchmark" }
}

# In mode block: an address for the host, and the four of a /126.
resource "aws_network_interface" "host" {
  count           = var.hosts
  subnet_id       = var.subnet_id
  security_groups = [var.security_group_id]
  ipv6_addresses = var.mode == "block" ? concat(
    [cidrhost(var.subnet_cidr, 1000000 + count.index)],
    [for step in range(4) : cidrhost(var.subnet_cidr, 4 * (count.index + 2) + step)],
  ) : null
  ipv6_prefixes = var.mode == "prefix" ? [cidrsubnet(var.subnet_cidr, 16, count.index + 1)] : null
  tags          = merge(local.fleet, { Name = format("host-%05d", count.index) })
}

resource "aws_instance" "host" {
  count         = var.hosts
  ami           = var.image_id
  instance_type = var.instance_type
  key_name      = var.key_name

  network_interface {
    network_interface_id = aws_network_interface.host[count.index].id
    device_index         = 0
  }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  tags = merge(local.fleet, { Name = format("host-%05d", count.index) })
}
